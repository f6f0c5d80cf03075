// When a meme was made: what is known of it, and what a person says.

import { frame } from "./dialogs.js";
import { made } from "./elements.js";

/** Years as they are typed: "2016" or "2015-2016". */
export function typed({ low, high }) {
  return low === high ? `${low}` : `${low}-${high}`;
}

/**
 * Asks when a meme was made.
 *
 * @param {object} clues what is known of it, as `db.years.Clues`
 * @param {{low: number, high: number} | null} said what this person said of it
 * @param {[number, number]} bounds the first and the last year that can be
 * @param {(said: {low: number, high: number} | null) => void} keep told what this person says now
 */
export function whenMade(clues, said, bounds, keep) {
  const dialog = frame("When was it made?");
  const known = knownOf(clues);
  const form = made("form");
  const label = made("label", "Year, or first and last year");
  const field = made("input");
  field.type = "text";
  field.autocomplete = "off";
  field.autofocus = true;
  field.placeholder = "2016 or 2015-2016";
  field.value = said ? typed(said) : "";
  field.addEventListener("focus", () => field.select());
  const problem = made("p", "", "problem");
  problem.id = "year-problem";
  problem.setAttribute("role", "alert");
  field.setAttribute("aria-describedby", problem.id);
  const enter = made("button", "Keep");
  label.append(field);
  form.append(label, enter, problem);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { years, why } = read(field.value, bounds);
    problem.textContent = why ?? "";
    field.setAttribute("aria-invalid", String(Boolean(why)));
    if (why) return field.select();
    keep(years);
    field.blur();
    dialog.close();
  });
  // Or the next key, where it comes within a frame, would still go to the field.
  dialog.addEventListener("cancel", () => field.blur());
  const lines = known.length > 0 ? known : ["Nothing is known yet."];
  const hint = made("p", "Enter keeps it for your next answer; an empty field says nothing.", "hint");
  dialog.body.append(...lines.map((line) => made("p", line)), form, hint);
  return dialog;
}

/** What a person typed: the years, null for none, or why it cannot be. */
function read(text, [first, last]) {
  if (text.trim() === "") return { years: null };
  const found = /^\s*(\d{4})\s*(?:[-\u2013]\s*(\d{4})\s*)?$/.exec(text);
  if (!found) return { why: "Write a year, as 2016, or the first and the last, as 2015-2016." };
  const low = Number(found[1]);
  const high = Number(found[2] ?? found[1]);
  if (low < first || high > last) return { why: `A meme was made in a year from ${first} to ${last}.` };
  if (low > high) return { why: "The first year comes before the last." };
  return { years: { low, high } };
}

function knownOf({ seen, sources, people }) {
  return [
    seen && `Seen first in ${seen}.`,
    spanned(sources) && `A source says ${spanned(sources)}.`,
    spanned(people) && `People say ${spanned(people)}.`,
  ].filter(Boolean);
}

/** Years as the server has them, for people; null: it knows none. */
function spanned([low, high]) {
  if (low === null && high === null) return null;
  if (low === null) return `${high} or earlier`;
  if (high === null) return `${low} or later`;
  return low === high ? `${low}` : `${low} to ${high}`;
}
