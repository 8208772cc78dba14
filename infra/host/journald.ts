/** Limits the journal, so that no log fills the disk that bakes need. */
export function renderJournald(): string {
  return `[Journal]
Storage=persistent
SystemMaxUse=300M
SystemKeepFree=1G
MaxRetentionSec=30day
`;
}
