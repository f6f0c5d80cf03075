// What the window asks of the API.

const PATIENCE_MS = 60_000;
const WHOLE = "years,lines,map,known,similar";

/** The server said why not. */
export class Refused extends Error {
  constructor(status, code, why) {
    super(why);
    this.status = status;
    this.code = code;
  }
}

/** What the model says of a file; `isWhole`: with all that it can tell. */
export async function classify(file, { words, isWhole }, signal) {
  const query = new URLSearchParams({ words: String(words) });
  if (isWhole) query.set("include", WHOLE);
  for (;;) {
    const response = await sent(`/v1/classify?${query}`, { method: "POST", body: file }, signal);
    if (response.status !== 429) return answerOf(response);
    await rest(Number(response.headers.get("Retry-After") ?? 1), signal);
  }
}

/** Send a picture with its genre to be kept; gives the key by which it can be taken back. */
export async function correct(file, genre, visitor) {
  const key = crypto.randomUUID();
  const form = new FormData();
  form.append("file", file);
  for (const [name, value] of Object.entries({ genre, visitor, key })) form.append(name, value);
  await answerOf(await sent("/v1/corrections", { method: "POST", body: form }));
  return key;
}

/** Take a correction back. */
export async function takeBack(key, visitor) {
  const query = new URLSearchParams({ visitor });
  const response = await sent(`/v1/corrections/${key}?${query}`, { method: "DELETE" });
  if (!response.ok) await answerOf(response);
}

/** Where a meme's small picture is. */
export function thumbnail(sha256) {
  return `/v1/memes/${sha256}/thumbnail`;
}

async function sent(path, request, signal) {
  const limit = AbortSignal.timeout(PATIENCE_MS);
  const either = signal ? AbortSignal.any([signal, limit]) : limit;
  try {
    return await fetch(path, { ...request, signal: either });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused(0, "unreachable", "The server does not answer; is it still running?");
  }
}

async function answerOf(response) {
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null) return body;
  const error = body?.error;
  const why = error?.message ?? `the server answered ${response.status}`;
  throw new Refused(response.status, error?.code ?? "unknown", why);
}

function rest(seconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
