// What the pages ask of the server.

const TOKEN_HEADER = "X-Memeera-Token";
const TOKEN_MS = 600_000; // a token lasts longer, and is renewed on the way
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
    this.given = ""; // the token that the page brought
    this.renewing = setInterval(() => this.ask("token", {}).catch(() => {}), TOKEN_MS);
  }

  close() {
    clearInterval(this.renewing);
  }

  /** Take over where the server is and who asks, as the page says it. */
  use({ base, token, history }) {
    this.base = base;
    this.historyOf = history;
    if (token === this.given) return; // drawn again as it was: what it was renewed to is newer
    this.given = token;
    this.token = token;
  }

  picture(sha256) {
    return `${this.base}/media/${sha256}`;
  }

  /** A small picture: of a long comic the upper part, or the whole. */
  thumbnail(sha256, { whole = false } = {}) {
    return `${this.base}/thumbnail/${sha256}${whole ? "?whole" : ""}`;
  }

  /** The page that tells all that was ever said of a meme. */
  history(meme_id) {
    return `${this.historyOf}${meme_id}`;
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
    this.token = response.headers.get(TOKEN_HEADER) ?? this.token;
    if (response.ok) return response.json();
    const { error } = await response.json().catch(() => ({}));
    const why = error ?? `the server answered ${response.status}`;
    if (response.status >= 400 && response.status < 500) throw new Refused(response.status, why);
    throw new Error(why);
  }
}
