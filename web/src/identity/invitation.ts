import type { Invited } from '../types';

/** An invitation whose link its maker hands over. */
export type HandedOver = Invited & { invitation_url: string };

/** The invitation, where no message carried its link; `null` where one did. */
export function handedOver(invited: Invited): HandedOver | null {
  return invited.invitation_url === null ? null : { ...invited, invitation_url: invited.invitation_url };
}
