/** The bodies of Ward's HTTP API as this page uses them. Times are RFC 3339 in UTC. */
export type * from './account';
export type * from './data';
export type * from './files';
export type * from './own-account';
export type * from './sign-in';
export type * from './users';
