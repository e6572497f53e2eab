import type { Invitation, Invited, ManagedUser, UserName, UserPage, UserStatus } from '../types';
import { request } from './transport';

export const users = {
  list(filter: { role?: string; status?: UserStatus }, cursor: string | null, limit: number) {
    const query = new URLSearchParams({ ...filter, limit: String(limit) });
    if (cursor !== null) query.set('cursor', cursor);
    return request<UserPage>('GET', `/api/users?${query}`);
  },
  /** In a body, not a URL: URLs end up in logs, and names must not. */
  search: (wanted: UserName & { role?: string; status?: UserStatus }, cursor: string | null, limit: number) =>
    request<UserPage>('POST', '/api/users/search', { ...wanted, limit, ...(cursor === null ? {} : { cursor }) }),
  invite: (invitation: Invitation) => request<Invited>('POST', '/api/users', invitation),
  /** Makes another link for someone who has not opened their account; earlier ones are void. */
  inviteAgain: (id: string) => request<Invited>('POST', `/api/users/${id}/invitation`),
  change: (id: string, patch: { role?: string; status?: UserStatus }) =>
    request<ManagedUser>('PATCH', `/api/users/${id}`, patch),
  endSessions: (id: string) => request<void>('DELETE', `/api/users/${id}/sessions`),
};
