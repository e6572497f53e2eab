import type { Problem } from '../api';

/**
 * Which of a form's fields a problem is about, by the words of its code: `username_taken` and `invalid_username` are
 * about `username`. `named` adds codes that name none of theirs. `null` where it is about the whole form.
 */
export function fieldOf<Field extends string>(
  problem: Problem | null,
  fields: readonly Field[],
  named: Readonly<Record<string, Field>> = {},
): Field | null {
  if (!problem || problem.status === 0 || problem.status === 429 || problem.status >= 500) return null;
  if (Object.hasOwn(named, problem.code)) return named[problem.code] ?? null;
  const code = `_${problem.code}_`;
  // The longest name first: `display_name` is not `name`.
  const byLength = [...fields].sort((a, b) => b.length - a.length);
  return byLength.find((field) => code.includes(`_${field}_`)) ?? null;
}

/** What stands next to the field. */
export function fieldText(problem: Problem): string {
  const { title, detail } = problem;
  return detail ? `${ended(title)} ${detail}` : ended(title);
}

/** With a full stop, where the sentence has no end yet. */
function ended(sentence: string): string {
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`;
}
