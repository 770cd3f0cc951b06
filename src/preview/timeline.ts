/** What is to happen, taken out in the order of its time (a binary heap). Of equal times, what came first. */
export class Timeline<Value> {
  readonly #heap: { readonly at: number; readonly order: number; readonly value: Value }[] = []
  #order = 0

  get size(): number {
    return this.#heap.length
  }

  add(at: number, value: Value): void {
    const heap = this.#heap
    heap.push({ at, order: this.#order, value })
    this.#order += 1
    for (let child = heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1
      if (!this.#isBefore(child, parent)) return
      this.#swap(child, parent)
      child = parent
    }
  }

  /** The first, if its time is not after this one. */
  takeUntil(at: number): { readonly at: number; readonly value: Value } | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined || first.at > at) return undefined
    const last = heap.pop()
    if (last !== undefined && heap.length > 0) {
      heap[0] = last
      this.#sink(0)
    }
    return first
  }

  /** Only these are still to happen. */
  keep(wanted: (value: Value) => boolean): void {
    const left = this.#heap.filter(({ value }) => wanted(value))
    this.#heap.splice(0, this.#heap.length)
    for (const one of left) this.#heap.push(one)
    for (let parent = (this.#heap.length >> 1) - 1; parent >= 0; parent -= 1) this.#sink(parent)
  }

  #sink(from: number): void {
    for (let parent = from; ; ) {
      const [left, right] = [2 * parent + 1, 2 * parent + 2]
      let least = parent
      if (left < this.#heap.length && this.#isBefore(left, least)) least = left
      if (right < this.#heap.length && this.#isBefore(right, least)) least = right
      if (least === parent) return
      this.#swap(parent, least)
      parent = least
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (one === undefined || other === undefined) return false
    return one.at < other.at || (one.at === other.at && one.order < other.order)
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]]
    if (one === undefined || other === undefined) return
    this.#heap[a] = other
    this.#heap[b] = one
  }
}
