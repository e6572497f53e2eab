import type { FilePage, StoredFile, Upload } from '../types';
import { apiUrl } from './base';
import { Problem, UNREACHABLE } from './problem';
import { answerTo, csrf, request } from './transport';

/** The most the API itself takes: larger files go to where files are kept, past it. */
const LARGEST_SMALL = 4 * 1024 * 1024;

/** Hears how much of a file is sent, from 0 to 1. */
export type Progress = (share: number) => void;

export const files = {
  list: (cursor: string | null) =>
    request<FilePage>('GET', cursor ? `/api/files?cursor=${encodeURIComponent(cursor)}` : '/api/files'),
  /** Stores a file, whichever way its size asks for. */
  store: (file: File, progress: Progress) => (file.size <= LARGEST_SMALL ? small(file) : large(file, progress)),
  rename: (id: string, name: string) => request<StoredFile>('PATCH', path(id), { original_name: name }),
  remove: (id: string) => request<void>('DELETE', path(id)),
  /** Where a file is downloaded from: a link, so that the browser saves it without holding all of it. */
  content: (id: string) => apiUrl(`${path(id)}/content`),
};

function path(id: string): string {
  return `/api/files/${encodeURIComponent(id)}`;
}

async function small(file: File): Promise<StoredFile> {
  return (await answerTo({ method: 'POST', path: '/api/files', file })).json() as Promise<StoredFile>;
}

async function large(file: File, progress: Progress): Promise<StoredFile> {
  const upload = await request<Upload>('POST', '/api/files/uploads', {
    original_name: file.name,
    mime_type: file.type || 'application/octet-stream',
    size: file.size,
    content_hash: await sha256(file),
  });
  await put(upload, file, progress);
  return request<StoredFile>('POST', `/api/files/uploads/${encodeURIComponent(upload.id)}/complete`);
}

/** The browser hashes a whole content only, so it is in memory for as long as that takes. */
async function sha256(file: File): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Only an `XMLHttpRequest` says how much of a body is sent. */
async function put(upload: Upload, file: File, progress: Progress): Promise<void> {
  const call = new XMLHttpRequest();
  call.open('PUT', upload.url);
  for (const [name, value] of Object.entries(upload.headers)) call.setRequestHeader(name, value);
  // In development the URL is of this server's, to which the browser sends the session along.
  if (new URL(upload.url).origin === window.location.origin) call.setRequestHeader('X-CSRF-Token', await csrf());
  call.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
  await new Promise<void>((resolve, reject) => {
    call.onerror = () => reject(UNREACHABLE);
    call.onload = () =>
      call.status >= 200 && call.status < 300
        ? resolve()
        : reject(new Problem(call.status, 'upload_refused', 'The upload was refused'));
    call.send(file);
  });
}
