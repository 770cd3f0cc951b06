/** Nothing yet that all real-server tests share; each installs and starts what it needs itself. */
export default function setup(): void {}
