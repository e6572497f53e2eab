/** What a user keeps and spends: notes, chats, usage. */

export interface StoredValue {
  key: string;
  /** The value as JSON, as it was stored. It is not parsed: that would round numbers and drop members that stand twice. */
  json: string;
  /** An object as JSON, as it was stored; `null` for none. */
  metadata: string | null;
  version: number;
  /** The version, as a condition names it. */
  etag: string;
  updated_at: string;
}

/** A value that another took the place of, or that was deleted. */
export interface FormerVersion {
  version: number;
  bytes: number;
  updated_at: string;
  replaced_at: string;
}

export interface DeletedKey {
  key: string;
  version: number;
  deleted_at: string;
}

export interface Chat {
  id: string;
  title: string;
  patient_id: string | null;
  created_at: string;
  updated_at: string;
}

export interface Message {
  id: string;
  role: 'user' | 'assistant' | 'system';
  content: string;
  created_at: string;
  /** What it took, where a model said it. */
  usage?: AnswerUsage;
}

export interface ChatWithMessages extends Chat {
  messages: Message[];
}

export interface AnswerUsage {
  model: string;
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  /** Billionths of a US dollar. */
  cost_nano_dollars: number;
}

/** One event of a streamed answer, named as on the wire. */
export type AnswerEvent =
  | { event: 'start'; data: { user_message_id: string; assistant_message_id: string; model: string } }
  | { event: 'delta'; data: { text: string } }
  | { event: 'done'; data: { message: Message } }
  | { event: 'error'; data: { code: string; title: string; status: number } };

export interface Usage {
  /** A UTC date. */
  day: string;
  calls: { used: number; limit: number; remaining: number };
  tokens: { used: number; reserved: number; limit: number; remaining: number };
  cost_nano_dollars: number;
  resets_at: string;
}
