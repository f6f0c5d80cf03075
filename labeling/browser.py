"""What the page brings into the browser: its style, and the guard before its answers."""

from typing import Final

__all__ = ["GUARD", "STYLE"]

STYLE: Final = """
<style>
  .stMainBlockContainer { padding-top: 1.5rem; padding-bottom: 1.5rem; }
  .stImage img { width: auto !important; }
  .st-key-picture img { max-height: 74vh; }
  .st-key-strip { max-height: 74vh; overflow-y: auto; }
  [class*=st-key-answers-] button div, [class*=st-key-answers-] button div > span {
    width: 100%; justify-content: space-between; text-align: left;
  }
  [class*=st-key-answers-] p { line-height: 1.35; }
</style>
"""

# A held key repeats, a finger clicks twice, and a picture takes a moment to load: presses that come
# while the picture asked about is not painted yet answer nothing.
GUARD: Final = """
<script>
  window.memeEraGuard ??= (event) => {
    const answers = document.querySelector("[class*=st-key-answers-]");
    if (!answers || event.target.closest?.("input, textarea")) return;
    if (event.type === "click" && !answers.contains(event.target)) return;
    const asked = answers.className.match(/answers-([0-9]+)/)[1];
    const picture = document.querySelector(".stImage img");
    const isSeen = picture?.complete && picture.alt === `Meme ${asked}`;
    if (event.repeat || event.detail > 1 || !isSeen) {
      event.stopImmediatePropagation();
      if (event.type === "click") event.preventDefault();
    }
  };
  window.addEventListener("keydown", window.memeEraGuard, true);
  window.addEventListener("click", window.memeEraGuard, true);
</script>
"""
