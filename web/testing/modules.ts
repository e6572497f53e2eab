// The page's parts that several of a test's lines share, loaded together: a class loaded twice would be two classes.
export { DISMISSED, Problem } from '../src/api/problem';
export { fieldOf, fieldText } from '../src/forms/field-problems';
export { saveVersioned } from '../src/preferences/save-versioned';
export { repeatAfterStepUp } from '../src/identity/step-up';
export { allPages } from '../src/api/pages';
export { rawMembers, rawObject } from '../src/api/raw-json';
export { storage } from '../src/api/storage';
export { conflictWords, draftOf, isConflict, jsonOf } from '../src/notes/note';
export { named, storeAll } from '../src/files/store-all';
