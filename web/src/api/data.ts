import { serverEvents } from '../sse';
import type { AnswerEvent, Chat, ChatWithMessages, Usage } from '../types';
import { CUT_OFF, Problem } from './problem';
import { answerTo, request } from './transport';

export const chats = {
  list: async () => (await request<{ chats: Chat[] }>('GET', '/api/chats')).chats,
  /** In a body, not a URL: URLs end up in logs, and a patient id must not. */
  search: async (patientId: string) =>
    (await request<{ chats: Chat[] }>('POST', '/api/chats/search', { patient_id: patientId })).chats,
  create: (title: string, patientId: string | null) =>
    request<Chat>('POST', '/api/chats', patientId ? { title, patient_id: patientId } : { title }),
  open: (id: string) => request<ChatWithMessages>('GET', `/api/chats/${encodeURIComponent(id)}`),
  /**
   * Sends a message and yields its answer as it is written. Throws a `Problem` where the server refused it, where it
   * failed midway, or where the stream ended without a last event.
   */
  async *send(id: string, content: string): AsyncGenerator<AnswerEvent, void, undefined> {
    const path = `/api/chats/${encodeURIComponent(id)}/messages`;
    const response = await answerTo({ method: 'POST', path, body: { content }, accept: 'text/event-stream' });
    if (!response.body) throw CUT_OFF;
    try {
      for await (const { event, data } of serverEvents(response.body.pipeThrough(new TextDecoderStream()))) {
        const answer = { event, data: JSON.parse(data) } as AnswerEvent;
        if (answer.event === 'error') throw new Problem(answer.data.status, answer.data.code, answer.data.title);
        yield answer;
        if (answer.event === 'done') return;
      }
    } catch (fault) {
      throw fault instanceof Problem ? fault : CUT_OFF;
    }
    throw CUT_OFF;
  },
};

export const usage = {
  today: () => request<Usage>('GET', '/api/usage'),
};
