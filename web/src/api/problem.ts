/** A failed request, as Ward's `application/problem+json` tells it. `status` is 0 where no answer came at all. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string | null = null,
    /** Seconds to wait before trying again, where the server named them. */
    readonly retryAfter: number | null = null,
    /** The whole body: some problems say more, such as which second factors are asked for. */
    readonly body: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail ? `${title}: ${detail}` : title);
    this.name = 'Problem';
  }
}

export const UNREACHABLE = new Problem(
  0,
  'unreachable',
  'Ward can’t be reached',
  'Check that it is running, then try again.',
);
export const CUT_OFF = new Problem(
  0,
  'cut_off',
  'The answer was cut off',
  'The connection ended before the answer did.',
);
/** Someone closed a dialog they were asked something in. They know; nothing has to be said. */
export const DISMISSED = new Problem(0, 'dismissed', 'Nothing was changed');

/** What a person is shown about a fault, whatever was thrown. */
export function asProblem(fault: unknown): Problem {
  if (fault instanceof Problem) return fault;
  return new Problem(0, 'unexpected', 'Something went wrong', fault instanceof Error ? fault.message : null);
}

/** Reads the problem out of an answer that is not 2xx. */
export async function problemOf(response: Response): Promise<Problem> {
  const seconds = Number.parseInt(response.headers.get('Retry-After') ?? '', 10);
  const retryAfter = Number.isNaN(seconds) ? null : seconds;
  const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
  let body: Record<string, unknown> = {};
  if (response.headers.get('Content-Type')?.includes('json')) {
    body = await response.json().catch(() => ({}));
  }
  return new Problem(
    response.status,
    text(body['code']) ?? 'unknown',
    text(body['title']) ?? `Ward answered ${response.status}`,
    text(body['detail']),
    retryAfter,
    body,
  );
}
