import { inject, provide, type InjectionKey, type Ref } from 'vue';

export interface Question {
  title: string;
  text: string;
  /** What the button that goes on says. */
  action: string;
}

type Ask = (question: Question) => Promise<boolean>;

const KEY: InjectionKey<Ask> = Symbol('confirm');

/** Lets the parts of a view ask through the view's one dialog. */
export function provideConfirm(dialog: Ref<{ ask: Ask } | null>): Ask {
  const ask: Ask = (question) => dialog.value?.ask(question) ?? Promise.resolve(false);
  provide(KEY, ask);
  return ask;
}

/** Asks, and resolves to whether the person agreed. */
export function useConfirm(): Ask {
  return inject(KEY, () => Promise.resolve(false), false);
}
