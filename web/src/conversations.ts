import { computed, reactive, ref } from 'vue';

import { Problem, asProblem, chats } from './api';
import type { AnswerUsage, Chat, Message } from './types';

/** A message on the page: stored ones, and the two of an exchange under way. */
export interface Turn {
  id: string;
  role: Message['role'];
  content: string;
  created_at: string;
  state: 'stored' | 'writing' | 'failed';
  usage: AnswerUsage | null;
  model: string | null;
  problem: Problem | null;
}

/** A chat with its messages. It goes on being written while another one is open. */
export interface Thread {
  chat: Chat;
  turns: Turn[];
  sending: boolean;
}

/** The caller's chats, and the one that is open. */
export function useConversations() {
  const list = ref<Chat[] | null>(null);
  const threads = reactive(new Map<string, Thread>());
  const openId = ref<string | null>(null);
  const open = computed(() => (openId.value === null ? null : (threads.get(openId.value) ?? null)));

  /** Lists the chats, newest first; with a patient id only those opened for that patient. */
  async function load(patientId: string): Promise<void> {
    list.value = patientId === '' ? await chats.list() : await chats.search(patientId);
  }

  async function show(id: string | null): Promise<void> {
    if (id !== null && !threads.get(id)?.sending) await fetchThread(id);
    openId.value = id;
  }

  async function fetchThread(id: string): Promise<void> {
    const { messages, ...chat } = await chats.open(id);
    threads.set(id, { chat, turns: messages.map(stored), sending: false });
  }

  async function create(title: string, patientId: string | null): Promise<void> {
    const chat = await chats.create(title, patientId);
    threads.set(chat.id, { chat, turns: [], sending: false });
    list.value = [chat, ...(list.value ?? [])];
    openId.value = chat.id;
  }

  return { list, open, load, show, create };
}

/**
 * Sends a message and writes the answer into the thread as it comes. Throws where the server refused the message: then
 * the thread is as before. A fault after that stands on the answer it cut short.
 */
export async function send(thread: Thread, content: string): Promise<void> {
  const before = thread.turns.length;
  thread.sending = true;
  const now = new Date().toISOString();
  thread.turns.push(turn('user', content, now, 'stored'), turn('assistant', '', now, 'writing'));
  // Read back from the reactive array: only writes through it are seen by the page.
  const [question, answer] = thread.turns.slice(-2) as [Turn, Turn];
  let started = false;
  try {
    for await (const { event, data } of chats.send(thread.chat.id, content)) {
      started = true;
      if (event === 'start') {
        question.id = data.user_message_id;
        answer.id = data.assistant_message_id;
        answer.model = data.model;
      } else if (event === 'delta') {
        answer.content += data.text;
      } else if (event === 'done') {
        Object.assign(answer, { ...stored(data.message) });
      }
    }
  } catch (fault) {
    if (!started) {
      thread.turns.splice(before);
      throw fault;
    }
    Object.assign(answer, { state: 'failed', problem: asProblem(fault) });
  } finally {
    thread.sending = false;
  }
}

let turnsMade = 0;

function turn(role: Turn['role'], content: string, createdAt: string, state: Turn['state']): Turn {
  turnsMade += 1;
  const id = `unsent-${turnsMade}`;
  return { id, role, content, created_at: createdAt, state, usage: null, model: null, problem: null };
}

function stored(message: Message): Turn {
  const usage = message.usage ?? null;
  return { ...message, state: 'stored', usage, model: usage?.model ?? null, problem: null };
}
