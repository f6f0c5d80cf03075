// What the pages ask of the server.

const TOKEN_HEADER = "X-Memeera-Token";
const PATIENCE_MS = 15_000; // then a request counts as failed, and is sent again where that is safe

/** The server said no, and will say so again: `status` is that of HTTP. */
export class Refused extends Error {
  constructor(status, why) {
    super(why);
    this.status = status;
  }
}

/** Asks one server as one person. */
export class Api {
  constructor() {
    this.base = "";
    this.token = "";
  }

  /** Take over where the server is and who asks, as the page says it. */
  use({ base, token }) {
    this.base = base;
    this.token = token;
  }

  picture(sha256) {
    return `${this.base}/media/${sha256}`;
  }

  thumbnail(sha256) {
    return `${this.base}/thumbnail/${sha256}`;
  }

  /** Send a message, and give the answer; throws Refused, or another error where none came. */
  async ask(name, message, { keepalive = false } = {}) {
    const response = await fetch(`${this.base}/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", [TOKEN_HEADER]: this.token },
      body: JSON.stringify(message),
      signal: keepalive ? undefined : AbortSignal.timeout(PATIENCE_MS),
      keepalive,
    });
    if (response.ok) return response.json();
    const { error } = await response.json().catch(() => ({}));
    const why = error ?? `the server answered ${response.status}`;
    if (response.status >= 400 && response.status < 500) throw new Refused(response.status, why);
    throw new Error(why);
  }
}
