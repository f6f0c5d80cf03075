// What the window asks of the API.

const PATIENCE_MS = 60_000;
const WHOLE = "years,lines,map,known,similar";

/** The server said why not; status 0: there was no answer. */
export class Refused extends Error {
  constructor(status, code, why) {
    super(why);
    this.status = status;
    this.code = code;
  }

  /** Whether the next request would fare no better: it is not this picture's fault. */
  get isOfServer() {
    return [0, 401, 503].includes(this.status);
  }

  /** Whether the same request may fare better later; what is no picture never becomes one. */
  get mayPass() {
    return [0, 408, 429].includes(this.status) || this.status >= 500;
  }
}

/** What the model says of a file; `isWhole`: with all that it can tell. */
export async function classify(file, { words, isWhole }, signal) {
  const query = new URLSearchParams({ words: String(words) });
  if (isWhole) query.set("include", WHOLE);
  return asked(`/v1/classify?${query}`, { method: "POST", body: file }, signal);
}

/** Send a picture with its genre to be kept; the same key sent again counts once. */
export async function correct(file, genre, visitor, key) {
  const form = new FormData();
  form.append("file", file);
  for (const [name, value] of Object.entries({ genre, visitor, key })) form.append(name, value);
  return asked("/v1/corrections", { method: "POST", body: form });
}

/** Take a correction back. */
export async function takeBack(key, visitor) {
  const query = new URLSearchParams({ visitor });
  return asked(`/v1/corrections/${key}?${query}`, { method: "DELETE" });
}

/** Where a meme's small picture is. */
export function thumbnail(sha256) {
  return `/v1/memes/${sha256}/thumbnail`;
}

/** A file that is served beside the API. */
export async function file(address) {
  const response = await sent(address, {});
  return response.ok ? response.blob() : answerOf(response);
}

/** A name that nobody else makes up. Not randomUUID, which there is for https and localhost alone. */
export function newName() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function asked(path, request, signal) {
  for (;;) {
    const response = await sent(path, request, signal);
    if (response.status !== 429) return answerOf(response);
    await rest(Number(response.headers.get("Retry-After") ?? 1));
    signal?.throwIfAborted();
  }
}

async function sent(path, request, signal) {
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, PATIENCE_MS);
  signal?.addEventListener("abort", end);
  try {
    return await fetch(path, { ...request, signal: ending.signal });
  } catch {
    signal?.throwIfAborted();
    throw new Refused(0, "unreachable", "The server does not answer; is it still running?");
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}

async function answerOf(response) {
  if (response.status === 204) return null;
  const body = await response.json().catch(() => null);
  if (response.ok && body !== null) return body;
  if (response.ok) throw new Refused(0, "unreachable", "The server's answer was cut off.");
  if (response.status === 401) {
    throw new Refused(401, "unauthorized", "This server asks for its token again: open its address in another tab, give the token, and go on here.");
  }
  const error = body?.error;
  const why = error?.message ?? `the server answered ${response.status}`;
  throw new Refused(response.status, error?.code ?? "unknown", why);
}

function rest(seconds) {
  return new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
}
