// Answers as files: the same JSON and CSV that the command line gives.

const COLUMNS = [
  ...["file", "genre", "score", "abstain", "year", "year_low", "year_high"],
  ...["words", "model", "error"],
];
// What a spreadsheet takes for a formula, and runs.
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/;

/** One array, an object a meme. */
export function asJson(memes) {
  return `${JSON.stringify(memes.filter(isDone).map(told), null, 1)}\n`;
}

/** A row a meme: its likeliest genre, and each genre's score. */
export function asCsv(memes, genres) {
  const keys = genres.map(({ key }) => key);
  const rows = memes.filter(isDone).map((meme) => rowOf(told(meme), keys));
  const head = [...COLUMNS, ...keys.map((key) => `score_${key}`)];
  return [head, ...rows].map((cells) => `${cells.map(cell).join(",")}\n`).join("");
}

/** Have the browser keep a text as a file. */
export function save(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function isDone({ state }) {
  return state !== "waiting";
}

function told({ name, answer, error }) {
  if (!answer) return { file: name, error };
  const { model, genre, year, words, abstain, ms } = answer;
  return { file: name, model, genre, year, words, abstain, ms };
}

function rowOf(one, keys) {
  if (one.error) return [one.file, ...Array(8).fill(""), one.error];
  const scores = Object.fromEntries(one.genre.map(({ label, score }) => [label, score]));
  const { value, low, high } = one.year;
  return [
    ...[one.file, one.genre[0].label, one.genre[0].score, Number(one.abstain), value, low, high],
    ...[(one.words ?? []).join("\n"), one.model, ""],
    ...keys.map((key) => scores[key] ?? ""),
  ];
}

function cell(value) {
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
