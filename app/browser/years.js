// When a meme was made: how likely each year is, and the range that holds four times in five.

import { made } from "./elements.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 440;
const HEIGHT = 90;

/** In words and with what speaks for it; as a curve over the years, where the answer has one that says something. */
export function years({ year, years: curve }) {
  const section = made("section", null, "years");
  section.append(made("h3", `Made ${year.text}`));
  if (curve && !year.vague) section.append(drawn(curve, year));
  if (year.reasons.length > 0) section.append(made("p", year.reasons.join(" · "), "reasons"));
  return section;
}

function drawn({ first, scores }, year) {
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + 18}`, role: "img" });
  svg.setAttribute("aria-label", `Made ${year.text}: how likely each year is`);
  const most = Math.max(...scores, 1e-6);
  const step = WIDTH / scores.length;
  scores.forEach((score, i) => {
    const height = Math.max(1, (HEIGHT * score) / most);
    const isLikely = first + i >= year.low && first + i <= year.high;
    const bar = shape("rect", {
      x: i * step + 1,
      y: HEIGHT - height,
      width: step - 2,
      height,
      class: isLikely ? "likely" : "",
    });
    const title = shape("title", {});
    title.textContent = `${first + i}: ${(100 * score).toFixed(1)} %`;
    bar.append(title);
    svg.append(bar);
  });
  const last = first + scores.length - 1;
  svg.append(label(first, 0, "start"), label(last, WIDTH, "end"));
  const middle = ((year.value - first + 0.5) * WIDTH) / scores.length;
  if (middle > 60 && middle < WIDTH - 60) svg.append(label(year.value, middle, "middle"));
  return svg;
}

function label(text, x, anchor) {
  const one = shape("text", { x, y: HEIGHT + 15, "text-anchor": anchor });
  one.textContent = text;
  return one;
}

function shape(kind, attributes) {
  const element = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
