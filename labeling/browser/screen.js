// Which picture is on the screen: a key counts for that one, or for nothing.

const MOST_HELD = 2; // frames

/**
 * Shows one of a stage's pictures at a time. The document is the only record of which: the image
 * with the class `is-shown`.
 *
 * A picture takes the place of another inside the frame that paints it, once it is decoded. So no
 * key is handled while the document names a picture that the screen does not show yet; a key that
 * falls until then counts for neither. One that was pressed before that frame, but is heard after
 * it because the page was busy, is told by its time.
 */
export class Screen {
  /** @param {HTMLElement} stage the pictures' parent */
  constructor(stage) {
    this.stage = stage;
    this.since = 0; // of the picture that is shown, in the time of events
    this.isChanging = false; // from what is shown to what comes
    this.turn = 0; // counts what was to be shown: only the last is
  }

  get image() {
    return this.stage.querySelector(":scope > .is-shown");
  }

  get sha256() {
    return this.image?.dataset.sha256 ?? null;
  }

  /** Whether an event fell on what is shown now, and not on what was there before. */
  isOf(event) {
    // What a script sends tells when it was made, which may be long before it is sent.
    const isLate = event.isTrusted && event.timeStamp < this.since;
    return !this.isChanging && !isLate;
  }

  /** Show nothing, from now on. */
  clear() {
    this.turn += 1;
    this.isChanging = false;
    this.image?.classList.remove("is-shown");
  }

  /**
   * Show a picture of the stage with the next frame; where it is not decoded yet, nothing till then.
   *
   * @param {HTMLImageElement} image as `pictures.js` makes them
   * @param {() => void} appearing told in that frame: draws what belongs to the picture
   */
  async show(image, appearing) {
    if (!image.isReady) this.clear();
    this.isChanging = true;
    this.turn += 1;
    const { turn } = this;
    await image.ready;
    for (let held = 0; turn === this.turn; held += 1) {
      await new Promise(requestAnimationFrame);
      // A key that waits was pressed before this appears: it is told so first.
      const isKeyWaiting = navigator.scheduling?.isInputPending?.() ?? false;
      if (isKeyWaiting && held < MOST_HELD) continue;
      if (turn !== this.turn) return;
      this.clear(); // what was shown until now
      image.classList.add("is-shown");
      appearing();
      this.since = performance.now();
      return;
    }
  }
}
