// Sends what a person says of reposts and families, and offers to take it back.

import { button, made } from "./elements.js";

/** The list of what was decided on this page, the newest first, with a button to take each back. */
export class Decisions {
  /**
   * @param {HTMLElement} list where what was decided is told
   * @param {import("./api.js").Api} api
   * @param {(text: string, isBad?: boolean) => void} say
   */
  constructor(list, api, say) {
    this.list = list;
    this.api = api;
    this.say = say;
    this.isBusy = false;
    list.addEventListener("click", (event) => this.takeBack(event.target.closest("button")));
  }

  /**
   * Do something that takes several operations; what was done of it is listed.
   *
   * @param {object[]} operations
   * @param {string} text what they come to, for people
   * @param {object} [more]
   * @param {string} [more.back] the operation that takes each of them back
   * @param {() => void} [more.undone] told when they are taken back
   * @returns {Promise<boolean>} whether all was done
   */
  async decide(operations, text, { back = "take_back", undone = () => {} } = {}) {
    const outcomes = await this.ask(operations);
    if (!outcomes) return false;
    const done = outcomes.filter(({ why_not }) => !why_not).map(({ decision_id }) => decision_id);
    const refused = outcomes.filter(({ why_not }) => why_not);
    if (done.length > 0) {
      const item = made("li", `${text} `);
      const undo = button("take-back", "Take back");
      undo.operations = done.reverse().map((decision_id) => ({ op: back, decision_id }));
      undo.told = undone;
      item.append(undo);
      this.list.prepend(item);
    }
    if (refused.length > 0) this.say(refused[0].why_not, true);
    else this.say(text);
    return refused.length === 0;
  }

  async takeBack(undo) {
    if (!undo) return;
    const outcomes = await this.ask(undo.operations);
    if (!outcomes) return;
    const refused = outcomes.find(({ why_not }) => why_not);
    if (refused) return this.say(refused.why_not, true);
    undo.told();
    undo.closest("li").remove();
    this.say("Taken back.");
  }

  async ask(operations) {
    if (this.isBusy) return null; // a second click, before the first came to anything
    this.isBusy = true;
    this.say("…");
    try {
      return (await this.api.ask("decisions", { operations })).outcomes;
    } catch (error) {
      this.say(`Nothing was changed, or nobody knows: ${error.message}. Reload the page.`, true);
      return null;
    } finally {
      this.isBusy = false;
    }
  }
}
