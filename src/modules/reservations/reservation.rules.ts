/** How often a buyer may ask for more time. */
export const EXTENSIONS_MAX = 2;
/** No extension reaches further than this from the first hold. */
export const LIFETIME_SECONDS_MAX = 2 * 60 * 60;
