// Pictures that are loaded and decoded before anybody looks at them.

const TALL = 2; // height over width: fitted to the width, and scrolled

/**
 * An image element for a meme. `ready` is a promise that it can be shown, or that it never can;
 * `isReady`, `isBroken` and `isTall` say how it stands now.
 */
export function picture(url, { width, height, meme_id, sha256 }) {
  const image = new Image();
  image.dataset.sha256 = sha256;
  image.alt = `Meme ${meme_id}`;
  image.decoding = "sync"; // shown, or not yet: never an empty frame in between
  image.draggable = false;
  image.isTall = height > TALL * width;
  image.isReady = false;
  image.isBroken = false;
  image.style.setProperty("--ratio", width / height);
  image.src = url;
  image.ready = image.decode().then(
    () => {
      image.isReady = true;
      // The file's own sides may be those before it is turned upright.
      image.isTall = image.naturalHeight > TALL * image.naturalWidth;
      image.style.setProperty("--ratio", image.naturalWidth / image.naturalHeight);
    },
    () => {
      image.isReady = true;
      image.isBroken = true;
      image.alt = `The picture of meme ${meme_id} is missing or damaged: skip it.`;
      image.classList.add("is-broken");
    },
  );
  return image;
}
