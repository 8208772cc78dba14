/** Bounds the journal, so that no log can fill the disk that tapes are baked on. */
export function renderJournald(): string {
  return `[Journal]
Storage=persistent
SystemMaxUse=300M
SystemKeepFree=1G
MaxRetentionSec=30day
`;
}
