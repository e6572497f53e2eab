import { computed, nextTick, ref, useTemplateRef } from 'vue';

import { useAttempt } from './attempt';
import { fieldOf, fieldText } from './field-problems';

/** What is wrong with each field, in words that say what to do; nothing where it is right. */
type Faults<Field extends string> = Partial<Record<Field, string | false | null>>;

/**
 * A form whose errors stand next to the field they are about. After a refusal the first wrong field in the element with
 * `ref="root"` is focused. `named` says which field a code is about that does not say so itself.
 */
export function useForm<Field extends string>(
  fields: readonly Field[],
  named: Readonly<Record<string, NoInfer<Field>>> = {},
) {
  const { busy, problem, attempt } = useAttempt();
  const root = useTemplateRef<HTMLElement>('root');
  const faults = ref({}) as { value: Faults<Field> };
  const errors = computed<Partial<Record<Field, string>>>(() => {
    const field = fieldOf(problem.value, fields, named);
    const stated = Object.entries(faults.value).filter(([, text]) => typeof text === 'string' && text !== '');
    const all = Object.fromEntries(stated) as Partial<Record<Field, string>>;
    if (field && problem.value) all[field] = fieldText(problem.value);
    return all;
  });
  /** What is wrong with the whole form. */
  const fault = computed(() => (fieldOf(problem.value, fields, named) ? null : problem.value));

  /** Runs the action where nothing is found wrong before; resolves to whether it went through. */
  async function submit(found: Faults<Field>, action: () => Promise<unknown>): Promise<boolean> {
    faults.value = found;
    problem.value = null;
    const done = Object.keys(errors.value).length === 0 && (await attempt(action));
    if (!done) {
      await nextTick();
      root.value?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    }
    return done;
  }

  /** Takes the errors off. */
  function clear(): void {
    faults.value = {};
    problem.value = null;
  }

  return { busy, errors, fault, problem, submit, attempt, clear };
}
