/** What a user keeps as it is: files. */

export type FileState = 'uploading' | 'scanning' | 'ready' | 'quarantined';

export interface StoredFile {
  id: string;
  original_name: string;
  /** What it is by its first bytes. */
  mime_type: string;
  size: number;
  /** SHA-256 in hexadecimal. */
  content_hash: string;
  state: FileState;
  created_at: string;
  uploaded_at: string | null;
}

export interface FilePage {
  files: StoredFile[];
  next_cursor: string | null;
}

/** Where a large file goes, and what has to be sent with it. */
export interface Upload {
  id: string;
  url: string;
  headers: Record<string, string>;
  expires_at: string;
}
