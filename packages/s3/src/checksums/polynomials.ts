/** Generator polynomials in reflected form. */
export const CRC32_POLYNOMIAL = 0xedb88320n;
/** Castagnoli. @see https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4 */
export const CRC32C_POLYNOMIAL = 0x82f63b78n;
/** @see https://nvmexpress.org/wp-content/uploads/NVM-Express-NVM-Command-Set-Specification-1.0d-2023.12.28-Ratified.pdf section 5.2.1.3.4 */
export const CRC64NVME_POLYNOMIAL = 0x9a6c9329ac4bc9b5n;
