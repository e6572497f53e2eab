import type { ApiKey, Device, NewApiKey, Session } from '../types';
import { request } from './transport';

export const sessions = {
  list: async () => (await request<{ sessions: Session[] }>('GET', '/api/auth/sessions')).sessions,
  end: (id: string) => request<void>('DELETE', `/api/auth/sessions/${id}`),
  endOthers: () => request<void>('DELETE', '/api/auth/sessions'),
};

export const devices = {
  list: async () => (await request<{ devices: Device[] }>('GET', '/api/auth/devices')).devices,
  rename: (id: string, name: string) => request<unknown>('PATCH', `/api/auth/devices/${id}`, { name }),
  forget: (id: string) => request<void>('DELETE', `/api/auth/devices/${id}`),
};

export const apiKeys = {
  list: async () => (await request<{ api_keys: ApiKey[] }>('GET', '/api/auth/api-keys')).api_keys,
  create: (name: string, scopes: string[], expiresInDays: number) =>
    request<NewApiKey>('POST', '/api/auth/api-keys', { name, scopes, expires_in_days: expiresInDays }),
  revoke: (id: string) => request<void>('DELETE', `/api/auth/api-keys/${id}`),
};
