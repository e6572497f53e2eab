/** What users can be, as the page calls it. The server has the last word. */
export const ROLES = [
  { value: 'user', label: 'User' },
  { value: 'radiologist', label: 'Radiologist' },
  { value: 'verifier', label: 'Verifier' },
  { value: 'accounting', label: 'Accounting' },
  { value: 'teaching', label: 'Teaching' },
  { value: 'auditor', label: 'Auditor' },
  { value: 'admin', label: 'Administrator' },
];

/** The role's name for people; a role this page does not know keeps its own. */
export function roleName(role: string): string {
  return ROLES.find(({ value }) => value === role)?.label ?? role;
}
