import type { Invitation, ManagedUser, UserFilter, UserPage, UserStatus } from '../types';
import { request } from './transport';

export const users = {
  list(filter: UserFilter, cursor: string | null, limit: number) {
    const query = new URLSearchParams({ ...filter, limit: String(limit) });
    if (cursor !== null) query.set('cursor', cursor);
    return request<UserPage>('GET', `/api/users?${query}`);
  },
  invite: (invitation: Invitation) => request<ManagedUser>('POST', '/api/users', invitation),
  change: (id: string, patch: { role?: string; status?: UserStatus }) =>
    request<ManagedUser>('PATCH', `/api/users/${id}`, patch),
  endSessions: (id: string) => request<void>('DELETE', `/api/users/${id}/sessions`),
};
