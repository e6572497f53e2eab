import { Problem } from '../api/problem';

const CONFLICT = 'version_mismatch';

/** Whether a change was refused because what is stored is not what it was based on. */
export function isConflict(fault: unknown): boolean {
  return fault instanceof Problem && fault.code === CONFLICT;
}

/** What someone is told whose note is not stored because another one is there. */
export function conflictWords(isNew: boolean): Problem {
  return isNew
    ? new Problem(412, CONFLICT, 'There is a note of this name', 'Open it, or choose another name.')
    : new Problem(
        412,
        CONFLICT,
        'This note has changed meanwhile',
        'It was saved somewhere else after you opened it. Your text is still here: keep it, and the other one goes to the earlier versions.',
      );
}

/** A stored value as it is read and written on the page. */
export interface Draft {
  text: string;
  /** The text is JSON, as it was stored: a program stored something other than text. */
  isJson: boolean;
  /** What ends a line of the stored text: a text field knows `\n` alone. */
  lineEnd: '\n' | '\r\n';
}

/** A stored value as text to read or write. What a text field would change is shown as JSON. */
export function draftOf(json: string): Draft {
  const value: unknown = json.startsWith('"') ? JSON.parse(json) : undefined;
  if (typeof value !== 'string') return { text: json, isJson: true, lineEnd: '\n' };
  const text = value.replaceAll('\r\n', '\n');
  const lineEnd = text === value ? '\n' : '\r\n';
  const isKept = !text.includes('\r') && text.replaceAll('\n', lineEnd) === value;
  return isKept ? { text, isJson: false, lineEnd } : { text: json, isJson: true, lineEnd: '\n' };
}

/** The JSON to store for a text written on the page. JSON goes as it was typed, once it is known to be valid. */
export function jsonOf({ text, isJson, lineEnd }: Draft): string {
  if (!isJson) return JSON.stringify(text.replaceAll('\n', lineEnd));
  try {
    JSON.parse(text);
  } catch (fault) {
    throw new Problem(0, 'not_json', 'This is not valid JSON', fault instanceof Error ? fault.message : null);
  }
  return text;
}
