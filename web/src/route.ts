import { readonly, ref } from 'vue';

/** The parts of the signed-in page. They alone stand in the address: keys and titles may be health data. */
export const sections = ['notes', 'chat', 'usage'] as const;
export type Section = (typeof sections)[number];

const current = ref<Section>(fromAddress());

window.addEventListener('hashchange', () => {
  current.value = fromAddress();
});

/** The section the address names. */
export const section = readonly(current);

function fromAddress(): Section {
  const name = window.location.hash.slice(1);
  return sections.find((known) => known === name) ?? 'notes';
}
