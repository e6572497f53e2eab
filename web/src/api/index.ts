/** Ward's HTTP API, a file per part of it. */
export * from './access';
export * from './account';
export { apiUrl } from './base';
export * from './data';
export * from './files';
export * from './own-account';
export * from './preferences';
export * from './problem';
export * from './sign-in';
export * from './storage';
export { forgetCsrfToken, watchSession } from './transport';
export * from './turning';
export * from './users';
