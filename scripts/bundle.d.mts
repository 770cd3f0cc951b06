export function bundle(root: string, target: string, options: { readonly minify: boolean }): Promise<string[]>
