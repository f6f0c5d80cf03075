// How pictures come in: dropped, pasted, chosen, a folder at once.

// What is dropped where nothing takes it, the browser would show instead of the page.
for (const kind of ["dragover", "drop"]) {
  document.addEventListener(kind, (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
}

/** Tells each batch of files that comes, `{ file, name }` each, whichever way. */
export class Intake {
  constructor(root, took, tell) {
    this.area = root.querySelector(".intake");
    this.took = took;
    this.tell = tell;
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
    document.addEventListener("dragover", (event) => this.over(event), { signal });
    document.addEventListener("dragleave", (event) => this.left(event), { signal });
    document.addEventListener("drop", (event) => this.dropped(event), { signal });
    document.addEventListener("paste", (event) => this.pasted(event), { signal });
  }

  chosen(input) {
    const files = [...input.files];
    input.value = ""; // the same file may be chosen again
    this.give(files.map((file) => named(file, file.webkitRelativePath)));
  }

  over(event) {
    if (event.dataTransfer?.types.includes("Files")) this.area.classList.add("is-over");
  }

  left(event) {
    if (event.relatedTarget === null) this.area.classList.remove("is-over");
  }

  async dropped(event) {
    this.area.classList.remove("is-over");
    if (!event.dataTransfer?.types.includes("Files")) return;
    // Entries are gone once the event is over; asked for now, they may be read later.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
    const files = [...event.dataTransfer.files];
    if (!entries.some((entry) => entry?.isDirectory)) {
      this.give(files.map((file) => named(file)));
      return;
    }
    this.tell("Reading the folder…");
    const found = { files: [], nLost: 0 };
    for (const entry of entries) if (entry) await collect(entry, found);
    this.give(found.files, found.nLost);
  }

  pasted(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.give(files.map((file) => named(file)));
  }

  give(files, nLost = 0) {
    const shown = files.filter(({ name }) => !name.split("/").some((part) => part.startsWith(".")));
    this.took(shown, nLost);
  }
}

function named(file, path = "") {
  return { file, name: path || file.name || "pasted picture" };
}

async function collect(entry, found) {
  try {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      found.files.push(named(file, entry.fullPath.slice(1)));
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      // It gives a hundred at a time, and none at the end.
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) return;
      for (const one of some) await collect(one, found);
    }
  } catch {
    found.nLost += 1; // gone meanwhile, or not to be read by this browser
  }
}
