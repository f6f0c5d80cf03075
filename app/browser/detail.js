// All that is told of one meme.

import { thumbnail } from "./asking.js";
import { correcting } from "./correcting.js";
import { button, made, percent } from "./elements.js";
import { picture } from "./picture.js";
import { years } from "./years.js";

/** The meme with its genres, years, words, and what is known of it. */
export function detail(meme, { genres, takesCorrections }, { retry, wantWhole }) {
  const page = made("article", null, "detail");
  const both = made("div", null, "both"); // beside each other; the picture stays while one reads
  const told = made("div", null, "told");
  both.append(picture(meme), told);
  page.append(both);
  const { answer, error, restError } = meme;
  if (error) {
    told.append(heading("This file has no answer"), made("p", sentence(error), "problem"));
    if (meme.isToRetry) told.append(button("Try again", () => retry(meme)));
  } else if (!answer) {
    told.append(heading("Looking…"), waiting());
  } else {
    told.append(...verdict(answer, genres), bars(answer, genres), years(answer));
    if (restError) {
      told.append(made("p", `The rest could not be told: ${restError}`, "problem"));
      if (meme.mayPass) told.append(button("Try again", () => wantWhole(meme)));
    } else if (!meme.isWhole) told.append(waiting());
    if (answer.known) told.append(known(answer.known, genres));
    if (answer.words?.length) told.append(words(answer.words));
    if (takesCorrections) told.append(correcting(meme, genres));
    told.append(made("p", `${Math.round(answer.ms)} ms, model ${answer.model}`, "small"));
    if (answer.similar) page.append(similar(answer.similar, genres));
  }
  return page;
}

/** What the model takes a meme for, in words. */
export function verdictOf({ genre, abstain }, genres) {
  const name = nameOf(genres, genre[0].label);
  return abstain ? `Not sure; perhaps ${name}` : name;
}

export function nameOf(genres, key) {
  return genres.find((genre) => genre.key === key)?.name ?? key;
}

function sentence(text) {
  return text[0].toUpperCase() + text.slice(1);
}

function waiting() {
  const bar = made("div", null, "waiting");
  bar.setAttribute("role", "progressbar");
  bar.setAttribute("aria-label", "Looking at the meme");
  return bar;
}

function verdict(answer, genres) {
  const best = genres.find(({ key }) => key === answer.genre[0].label);
  return [heading(verdictOf(answer, genres)), made("p", best?.definition ?? "")];
}

function heading(text) {
  const one = made("h2", text);
  one.tabIndex = -1; // where the keyboard goes when it is opened
  return one;
}

function bars({ genre }, genres) {
  const list = made("ol", null, "bars");
  list.setAttribute("aria-label", "Genres, the likeliest first");
  for (const { label, score } of genre) {
    const row = made("li");
    const bar = made("span", null, "bar");
    bar.style.setProperty("--share", String(score));
    row.append(made("span", nameOf(genres, label)), made("span", percent(score), "share"), bar);
    list.append(row);
  }
  return list;
}

function words(lines) {
  const section = made("details", null, "words-read");
  section.append(made("summary", `The words it read (${lines.length} lines)`));
  section.append(made("p", lines.join("\n")));
  return section;
}

const RELATIONS = {
  same_file: "This very file is known.",
  repost: "This meme is known, as another file.",
  same_template: "A new meme on a template that is known.",
  new: "This meme was not seen before.",
};

const PLACES = { window: "this window, sent in by somebody", folder: "a folder that was imported" };

function known({ relation, meme, n_of_template: nOfTemplate }, genres) {
  const section = made("section", null, "known");
  section.append(made("h3", RELATIONS[relation] ?? relation));
  if (!meme) return section;
  const image = small(meme, genres);
  const facts = made("p");
  if (relation === "same_template") {
    facts.append(`${nOfTemplate} of its memes are here, such as this one. `);
  } else if (meme.source) {
    facts.append(`Seen in ${meme.n_seen} ${meme.n_seen === 1 ? "place" : "places"}; first `);
    facts.append(placeOf(meme), ". ");
  }
  if (meme.label) facts.append(`People say: ${nameOf(genres, meme.label)}.`);
  section.append(image, facts);
  return section;
}

function placeOf(meme) {
  return linked(pageOf(meme), made("span", `in ${placeAndDate(meme)}`));
}

function placeAndDate({ source, community, posted_at: postedAt }) {
  const date = postedAt ? `, ${new Date(postedAt).toLocaleDateString(undefined, { dateStyle: "long" })}` : "";
  return `${community ?? PLACES[source] ?? source}${date}`;
}

/** The page on which it was first seen; null: none is known. What was crawled says where it leads: only to a page. */
function pageOf({ permalink }) {
  return /^https?:/i.test(permalink ?? "") ? permalink : null;
}

/** Some elements as a link to an address elsewhere; without one, as they are. */
function linked(address, ...elements) {
  const link = made(address === null ? "span" : "a");
  link.append(...elements);
  if (address === null) return link;
  link.href = address;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  return link;
}

const NONE_TO_COMPARE =
  "There is none to compare it with yet: python -m training predict lets the model look at the collection.";

function similar(memes, genres) {
  const section = made("section", null, "similar");
  section.append(made("h3", "Memes like it"));
  if (!memes.length) section.append(made("p", NONE_TO_COMPARE, "small"));
  const list = made("ul");
  for (const { meme, cosine } of memes) {
    const item = made("li");
    const name = meme.label ? nameOf(genres, meme.label) : "not labelled yet";
    item.append(small(meme, genres), made("span", `${name}, ${percent(cosine)} alike`));
    if (meme.source) item.append(linked(pageOf(meme), made("span", placeAndDate(meme), "small")));
    list.append(item);
  }
  section.append(list);
  return section;
}

function small(meme, genres) {
  const image = new Image();
  image.src = thumbnail(meme.sha256);
  image.alt = meme.title ?? (meme.label ? nameOf(genres, meme.label) : "A meme");
  image.loading = "lazy";
  if (!meme.nsfw) return image;
  image.tabIndex = -1;
  const show = () => {
    cover.replaceWith(image);
    image.focus();
  };
  const cover = button("Not safe for work: show", show, "cover");
  return cover;
}
