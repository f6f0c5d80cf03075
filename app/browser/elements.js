// Makes the elements of which the window is built.

/** An element; its text is only ever text. */
export function made(kind, text = null, className = "") {
  const element = document.createElement(kind);
  if (text !== null) element.textContent = text;
  if (className) element.className = className;
  return element;
}

/** A button that does something. */
export function button(text, act, className = "") {
  const one = made("button", text, className);
  one.type = "button";
  one.addEventListener("click", act);
  return one;
}

/** A button that is on or off, and tells each change. */
export function toggle(text, isOn, changed) {
  const one = button(text, () => {
    one.setAttribute("aria-pressed", String(one.getAttribute("aria-pressed") !== "true"));
    changed(one.getAttribute("aria-pressed") === "true");
  });
  one.setAttribute("aria-pressed", String(isOn));
  return one;
}

/** A share of 1 as people read it. */
export function percent(share) {
  return share > 0 && share < 0.005 ? "under 1 %" : `${Math.round(100 * share)} %`;
}
