// The page's parts that several of a test's lines share, loaded together: a class loaded twice would be two classes.
export { DISMISSED, Problem } from '../src/api/problem';
export { fieldOf, fieldText } from '../src/forms/field-problems';
export { saveVersioned } from '../src/preferences/save-versioned';
export { repeatAfterStepUp } from '../src/identity/step-up';
