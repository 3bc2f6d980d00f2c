// Follows the events of the session that is shown, over every interruption.

const AGAIN = 2000; // ms until a stream that broke off is asked for again

export class Follower {
  // hear: called with each event; the first one after a break tells the session's revision.
  // gone: called with the session's id once it is not there any more.
  constructor(api, { hear, gone }) {
    this.api = api;
    this.hear = hear;
    this.gone = gone;
    this.held = null;
  }

  stop() {
    this.held?.abort();
  }

  async follow(id) {
    this.stop();
    this.held = new AbortController();
    const { signal } = this.held;
    while (!signal.aborted) {
      try {
        await this.api.events(id, (news) => { if (!signal.aborted) this.hear(news); }, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error.status === 404) {
          this.gone(id);
          return;
        }
      }
      await new Promise((done) => setTimeout(done, AGAIN));
    }
  }
}
