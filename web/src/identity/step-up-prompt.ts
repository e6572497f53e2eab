import { computed, onBeforeUnmount, onMounted, shallowRef } from 'vue';

import { stepUp, watchSession } from '../api';
import type { CodeMethod, Factors, StepUpProof } from '../types';
import { stepUpMethods } from './factor-names';
import * as passkeys from './passkeys';

/**
 * Answers the requests that wait for a step-up, while the component that uses it is there: `factors` is what the account
 * can show, and `null` while nothing waits.
 */
export function useStepUpPrompt() {
  const factors = shallowRef<Factors | null>(null);
  const methods = computed(() => (factors.value ? stepUpMethods(factors.value, passkeys.supported) : []));
  const codes = computed(() =>
    methods.value.filter((method): method is CodeMethod => method !== 'passkey' && method !== 'password'),
  );
  let answer: (done: boolean) => void = () => undefined;

  onMounted(() => watchSession({ stepUp: open }));
  onBeforeUnmount(() => finish(false));

  async function open(): Promise<boolean> {
    factors.value = await stepUp.factors();
    return new Promise((resolve) => (answer = resolve));
  }

  /** Ends the question; what waits for it goes on, or is dismissed. */
  function finish(done: boolean): void {
    factors.value = null;
    answer(done);
    answer = () => undefined;
  }

  async function prove(proof: StepUpProof): Promise<void> {
    await stepUp.prove(proof);
    finish(true);
  }

  async function provePasskey(): Promise<void> {
    await prove({ method: 'passkey', credential: await passkeys.show(await stepUp.options()) });
  }

  return { factors, methods, codes, finish, prove, provePasskey };
}
