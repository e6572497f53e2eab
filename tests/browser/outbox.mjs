/** The messages that `ward dev` sends to nobody. */

const PATIENCE_MS = 10_000;

/** The newest message to an address by its template's name; waits for one that is not among those `seen`. */
export async function message(baseUrl, to, template, seen = new Set()) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const all = (await messages(baseUrl)).filter((sent) => sent.to === to);
    const found = all.filter((sent) => sent.template === template && !seen.has(sent.id)).sort(byTime).at(-1);
    if (found) {
      seen.add(found.id);
      return found;
    }
    if (Date.now() > deadline) {
      throw new Error(`no ${template} to ${to}, only ${all.map((sent) => sent.template).join(', ') || 'nothing'}`);
    }
  }
}

async function messages(baseUrl) {
  return (await (await fetch(`${baseUrl}/outbox.json`)).json()).messages;
}

function byTime(a, b) {
  return Date.parse(a.at) - Date.parse(b.at);
}
