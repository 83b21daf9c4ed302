export { deliveryOf, type Delivery } from "./receiver/delivery.ts";
export type { Claim, DeliveryStore, GivenAnswer } from "./receiver/delivery-store.ts";
export {
  MemoryDeliveryStore,
  type MemoryDeliveryStoreOptions,
} from "./receiver/memory-delivery-store.ts";
export {
  receiveDeliveries,
  type DeliveryHandler,
  type ReceiveOptions,
} from "./receiver/receive-deliveries.ts";
