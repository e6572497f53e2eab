/** Ward's HTTP API, a file per part of it. */
export * from './access';
export * from './account';
export * from './data';
export * from './preferences';
export * from './problem';
export * from './sign-in';
export { forgetCsrfToken, watchSession } from './transport';
export * from './users';
