/** One server-sent event: its name (`message` where the server gave none) and its data. */
export interface ServerEvent {
  event: string;
  data: string;
}

/**
 * Cuts a stream of text into server-sent events, wherever the network happened to cut the text.
 *
 * Follows "Interpreting an event stream" of the HTML standard, without `id` and `retry`: an answer is never resumed.
 * An event the stream ends in the middle of is dropped, as the standard asks.
 */
export async function* serverEvents(stream: ReadableStream<string>): AsyncGenerator<ServerEvent, void, undefined> {
  let event = '';
  let data: string[] = [];
  for await (const line of lines(stream)) {
    if (line === '') {
      if (data.length > 0) yield { event: event || 'message', data: data.join('\n') };
      event = '';
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
  }
}

/** Yields whole lines, ended by CR LF, LF or CR; what follows the last line end is dropped. */
async function* lines(stream: ReadableStream<string>): AsyncGenerator<string, void, undefined> {
  const reader = stream.getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        if (rest.endsWith('\r')) yield rest.slice(0, -1);
        return;
      }
      rest += value;
      // A CR that ends the chunk may be the first half of a CR LF, so it waits for the next chunk.
      const complete = rest.split(/\r\n|\n|\r(?!$)/);
      rest = complete.pop() ?? '';
      yield* complete;
    }
  } finally {
    // A reader that stops early (a thrown fault, a closed page) frees the connection.
    await reader.cancel().catch(() => undefined);
  }
}
