// How pictures come in: dropped, pasted, chosen, a folder at once.

/** Tells each batch of files that comes, whichever way. */
export class Intake {
  constructor(root, took) {
    this.area = root.querySelector(".intake");
    this.took = took;
    this.inputs = {
      files: root.querySelector("input[name=files]"),
      folder: root.querySelector("input[name=folder]"),
    };
  }

  listen(signal) {
    for (const [name, input] of Object.entries(this.inputs)) {
      const chooser = this.area.querySelector(`[data-action=${name}]`);
      chooser.addEventListener("click", () => input.click(), { signal });
      input.addEventListener("change", () => this.chosen(input), { signal });
    }
    // The whole page takes what is dropped: elsewhere the browser would leave it for the picture.
    document.addEventListener("dragover", (event) => this.over(event), { signal });
    document.addEventListener("dragleave", (event) => this.left(event), { signal });
    document.addEventListener("drop", (event) => this.dropped(event), { signal });
    document.addEventListener("paste", (event) => this.pasted(event), { signal });
  }

  chosen(input) {
    this.give([...input.files]);
    input.value = ""; // the same file may be chosen again
  }

  over(event) {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    this.area.classList.add("is-over");
  }

  left(event) {
    if (event.relatedTarget === null) this.area.classList.remove("is-over");
  }

  async dropped(event) {
    this.area.classList.remove("is-over");
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    // Entries are gone once the event is over; asked for now, they may be read later.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
    const files = [...event.dataTransfer.files];
    if (!entries.some((entry) => entry?.isDirectory)) return this.give(files);
    const found = [];
    for (const entry of entries) if (entry) await collect(entry, found);
    this.give(found);
  }

  pasted(event) {
    const files = [...event.clipboardData.files];
    if (!files.length) return;
    event.preventDefault();
    this.give(files);
  }

  give(files) {
    this.took(files.filter((file) => !file.name.startsWith(".")));
  }
}

async function collect(entry, found) {
  if (entry.name.startsWith(".")) return;
  if (entry.isFile) {
    found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // It gives a hundred at a time, and none at the end.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const one of some) await collect(one, found);
  }
}
