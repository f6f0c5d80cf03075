// Which key does what; people can change that, and switch keys off (WCAG 2.1.4).

const STORED_AS = "memeera:keys";

/** The name of a key: of digits the place, which Shift does not change, else what it types. */
export function nameOf(event) {
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
  if (digit) return digit[1];
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

/** Whether a key is typed into a text, or means something to the browser. */
export function isForSomethingElse(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
  const [target] = event.composedPath();
  return target instanceof Element && target.matches("input, textarea, select, [contenteditable]");
}

/** The keys of some actions: what is usual, but for what this person has changed. */
export class Keys {
  /** @param {Record<string, string>} usual the key of each action */
  constructor(usual) {
    this.usual = usual;
    this.changed = {};
    this.areOn = true;
    try {
      const stored = JSON.parse(localStorage.getItem(STORED_AS) ?? "{}");
      this.areOn = stored.areOn ?? true;
      const isKnown = ([action, key]) => action in usual && typeof key === "string";
      this.changed = Object.fromEntries(Object.entries(stored.changed ?? {}).filter(isKnown));
    } catch {
      // The browser keeps nothing, or something else: the usual keys.
    }
  }

  of(action) {
    return this.changed[action] ?? this.usual[action];
  }

  action(name) {
    const actions = Object.keys(this.usual);
    const chosen = actions.find((action) => this.changed[action] === name);
    return chosen ?? actions.find((action) => this.of(action) === name); // a usual key may be newer
  }

  /** Give an action another key; the action that had it gets this one's. */
  set(action, name) {
    const other = this.action(name);
    if (other) this.changed[other] = this.of(action);
    this.changed[action] = name;
    this.store();
  }

  switch(areOn) {
    this.areOn = areOn;
    this.store();
  }

  reset() {
    this.changed = {};
    this.store();
  }

  store() {
    try {
      const { areOn, changed } = this;
      localStorage.setItem(STORED_AS, JSON.stringify({ areOn, changed }));
    } catch {
      // It holds until the page is closed.
    }
  }
}

/** A key as people read it. */
export function shownAs(name) {
  return { " ": "Space", Backspace: "⌫" }[name] ?? (name.length === 1 ? name.toUpperCase() : name);
}
