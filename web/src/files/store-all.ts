import { Problem, asProblem } from '../api/problem';

/** Files that one and the same thing kept from being stored. */
export interface Refusal {
  names: string[];
  problem: Problem;
}

/**
 * Stores files one after the other, each with its own way to fail: what is refused does not keep the others back. Where the
 * server can't be reached or the session is over, those that are left are not tried.
 */
export async function storeAll<T extends { name: string }>(
  chosen: readonly T[],
  store: (file: T) => Promise<void>,
): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  let over: Problem | null = null;
  for (const file of chosen) {
    try {
      if (over) throw over;
      await store(file);
    } catch (fault) {
      const problem = asProblem(fault);
      if (concernsAll(problem)) over = problem;
      add(refusals, file.name, problem);
    }
  }
  return refusals;
}

/** A refusal as it is told: with the names of the files. */
export function named({ names, problem: { status, code, title, detail, retryAfter, body } }: Refusal): Problem {
  const files = names.map((name) => `“${name}”`).join(', ');
  return new Problem(status, code, `${files}: ${title}`, detail, retryAfter, body);
}

function concernsAll({ status }: Problem): boolean {
  return status === 0 || status === 401 || status === 429;
}

function add(refusals: Refusal[], name: string, problem: Problem): void {
  const same = refusals.find(({ problem: { code, title, detail } }) =>
    code === problem.code && title === problem.title && detail === problem.detail,
  );
  if (same) same.names.push(name);
  else refusals.push({ names: [name], problem });
}
