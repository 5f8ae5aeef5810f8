declare const brand: unique symbol;

/** A string that only its parser can make. Inside the system it is never validated again. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
