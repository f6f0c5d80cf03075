// A meme with what the model made of it: boxes around the words, colour where it looked.

import { made, toggle } from "./elements.js";

const HEAT = "235, 70, 20";
const MOST = 0.65;

/** The picture, and what can be laid over it. */
export function picture(meme) {
  const figure = made("figure", null, "picture");
  const frame = made("div", null, "frame");
  const image = new Image();
  image.src = meme.url;
  image.alt = meme.name;
  frame.append(image);
  const layers = made("div", null, "layers");
  layers.setAttribute("role", "group");
  layers.setAttribute("aria-label", "Show on the picture");
  const { map, lines } = meme.answer ?? {};
  if (map) {
    const heat = heatOf(map);
    const show = (isOn) => {
      meme.shows.heat = isOn;
      heat.hidden = !isOn;
      frame.classList.toggle("is-grey", isOn);
    };
    show(meme.shows.heat);
    frame.append(heat);
    layers.append(toggle("Where it looked", meme.shows.heat, show));
  }
  if (lines?.length) {
    const boxes = made("div", null, "boxes");
    boxes.setAttribute("aria-hidden", "true"); // the words are told below
    boxes.append(...lines.map(boxOf));
    const show = (isOn) => {
      meme.shows.boxes = isOn;
      boxes.hidden = !isOn;
    };
    show(meme.shows.boxes);
    frame.append(boxes);
    layers.append(toggle("Words it read", meme.shows.boxes, show));
  }
  figure.append(frame, layers);
  return figure;
}

function heatOf({ rows, columns, values }) {
  const canvas = made("canvas", null, "heat");
  canvas.width = columns;
  canvas.height = rows;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `It looked most at the ${where(rows, columns, values)}`);
  const pen = canvas.getContext("2d");
  values.forEach((value, i) => {
    pen.fillStyle = `rgba(${HEAT}, ${MOST * value})`;
    pen.fillRect(i % columns, Math.floor(i / columns), 1, 1);
  });
  return canvas;
}

function where(rows, columns, values) {
  const most = values.indexOf(Math.max(...values));
  const third = (at, n, names) => names[Math.min(2, Math.floor((3 * at) / n))];
  const vertical = third(Math.floor(most / columns), rows, ["top", "middle", "bottom"]);
  const horizontal = third(most % columns, columns, ["left", "centre", "right"]);
  return `${vertical} ${horizontal}`;
}

function boxOf({ text, box: [left, top, right, bottom] }) {
  const box = made("span", null, "box");
  box.title = text;
  Object.assign(box.style, {
    left: `${100 * left}%`,
    top: `${100 * top}%`,
    width: `${100 * (right - left)}%`,
    height: `${100 * (bottom - top)}%`,
  });
  return box;
}
