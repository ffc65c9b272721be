"""PyTorch's side: does a task with transformers' own Trainer, and answers the questions of task.ts, a line of JSON each."""

import json
import os
import sys
import time

answers = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)  # standard output is for answers only: whatever else is printed goes to standard error

import torch
import transformers
from torch.utils.data import DataLoader
from transformers import AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding
from transformers import Trainer, TrainerCallback, TrainingArguments, get_linear_schedule_with_warmup, set_seed

with open(sys.argv[1]) as file:
    task = json.load(file)
torch.set_num_threads(task["threads"])
set_seed(task["seed"])
tokenizer = AutoTokenizer.from_pretrained(task["model"])
model = AutoModelForSequenceClassification.from_pretrained(task["model"])
parameters = dict(model.named_parameters())


def rows(texts):
    """As a tokenizer returns them; the collator pads each batch to its longest text."""
    return [
        {"input_ids": ids, "token_type_ids": [0] * len(ids), "attention_mask": [1] * len(ids), "labels": label}
        for ids, label in zip(texts["ids"], texts["labels"])
    ]


train = rows(task["train"])
evaluation = None if task["evaluation"] is None else rows(task["evaluation"])
collator = DataCollatorWithPadding(tokenizer)


class Epochs:
    """The given batches of each epoch, in their order."""

    def __init__(self, epochs):
        self.epochs = epochs
        self.begun = 0

    def __len__(self):
        return len(self.epochs[0])

    def __iter__(self):
        self.begun += 1
        return iter(self.epochs[self.begun - 1])


class OrderedTrainer(Trainer):
    """transformers' Trainer, but for the order of the data."""

    def __init__(self, epochs, **options):
        self.epochs = epochs
        super().__init__(**options)

    def get_train_dataloader(self):
        loader = DataLoader(self.train_dataset, batch_sampler=Epochs(self.epochs), collate_fn=self.data_collator)
        return self.accelerator.prepare(loader)


def arguments(**options):
    return TrainingArguments(
        output_dir=os.path.join(os.path.dirname(sys.argv[1]), "unused"),
        per_device_train_batch_size=task["batchSize"],
        per_device_eval_batch_size=64,
        bf16=task["precision"] == "bfloat16",
        seed=task["seed"],
        use_cpu=True,
        dataloader_pin_memory=False,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        **options,
    )


def accuracy(result):
    return {"accuracy": float((result.predictions.argmax(-1) == result.label_ids).mean())}


def thaw_only(names):
    for name, parameter in parameters.items():
        parameter.requires_grad_(name in names)


def rate_of(group, rates):
    """The one rate of a group; those of its parameters that train must not have different ones."""
    members = {id(parameter) for parameter in group}
    found = {rate for name, rate in rates.items() if id(parameters[name]) in members}
    assert len(found) == 1, f"a group of parameters has the rates {found}"
    return found.pop()


def trainer_of(stage, first_epoch=0, callbacks=(), optimizers=(None, None), **options):
    """Without `optimizers` the Trainer makes its own, in which everything that trains has the same rate."""
    epochs = stage["batches"][first_epoch:]
    thaw_only(stage["rates"])
    return OrderedTrainer(
        epochs,
        model=model,
        args=arguments(num_train_epochs=len(epochs), warmup_steps=stage["warmupSteps"], **options),
        train_dataset=train,
        eval_dataset=evaluation,
        data_collator=collator,
        compute_metrics=accuracy,
        callbacks=list(callbacks),
        optimizers=optimizers,
    )


class Clock(TrainerCallback):
    """Takes the time of each step from the end of the one before, and waits for questions where none is asked for."""

    def __init__(self, wanted=None):
        self.wanted = wanted
        self.took = []

    def on_epoch_begin(self, args, state, control, **_):
        if not self.took:
            self.since = time.perf_counter()

    def on_step_end(self, args, state, control, **_):
        now = time.perf_counter()
        self.took.append(1000 * (now - self.since))
        if len(self.took) == self.wanted:
            reply(ms=self.took)
            self.wanted = answer_until("steps")["count"]
            self.took = []
            now = time.perf_counter()
        self.since = now


def steps(command):
    """Never returns: the clock answers in the midst of the run, and standard input ends before the run does."""
    clock = Clock(command["count"])
    stage = task["stages"][0]
    trainer_of(stage, task["epochsBefore"], [clock], learning_rate=rate_of(parameters.values(), stage["rates"])).train()
    raise RuntimeError("the run is over before the steps that were asked for")


def epoch(_):
    clock = Clock()
    stage = task["stages"][0]
    trainer_of(stage, 0, [clock], learning_rate=rate_of(parameters.values(), stage["rates"])).train()
    reply(ms=[sum(clock.took) / len(clock.took)])


def plan(_):
    """By hand what the usual scripts get wrong: one AdamW over all stages, to which each stage adds what it thaws."""
    started = time.perf_counter()
    kind, settings = Trainer.get_optimizer_cls_and_kwargs(arguments(), model)
    optimizer = None
    for stage in task["stages"]:
        rates = stage["rates"]
        known = set() if optimizer is None else {id(p) for group in optimizer.param_groups for p in group["params"]}
        thawed = [parameters[name] for name in rates if id(parameters[name]) not in known]
        if optimizer is None:
            optimizer = kind([{"params": thawed}], **settings)
        elif thawed:
            optimizer.add_param_group({"params": thawed})
        for group in optimizer.param_groups:
            group.pop("initial_lr", None)  # of the stage before: a new schedule would start from it
            group["lr"] = rate_of(group["params"], rates)
        total = sum(len(batches) for batches in stage["batches"])
        schedule = get_linear_schedule_with_warmup(optimizer, stage["warmupSteps"], total)
        trainer = trainer_of(stage, optimizers=(optimizer, schedule), eval_strategy="epoch")
        trainer.train()
    reached = [row["eval_accuracy"] for row in trainer.state.log_history if "eval_accuracy" in row]
    reply(ms=[1000 * (time.perf_counter() - started)], accuracy=reached[-1])


def predict(command):
    trainer = OrderedTrainer(None, model=model, args=arguments(), data_collator=collator, compute_metrics=accuracy)
    started = time.perf_counter()
    result = trainer.predict(train[: command["count"]])
    reply(ms=[1000 * (time.perf_counter() - started)], accuracy=result.metrics["test_accuracy"])


def loss(_):
    batch = collator([train[row] for row in task["stages"][0]["batches"][0][0]])
    was_training = model.training
    model.eval()
    with torch.no_grad():
        value = model(**batch).loss.item()
    model.train(was_training)
    reply(loss=value)


def gemm(_):
    rows, inner, columns = 2048, 768, 3072
    a, b, product = torch.ones(rows, inner), torch.ones(inner, columns), torch.empty(rows, columns)
    took = []
    for _ in range(20):
        started = time.perf_counter()
        torch.mm(a, b, out=product)
        took.append(time.perf_counter() - started)
    reply(gflops=2 * rows * inner * columns / min(took) / 1e9)


def versions(_):
    reply(versions={"PyTorch": torch.__version__, "transformers": transformers.__version__, "Python": sys.version.split()[0]})


def memory(_):
    """Not by getrusage on Linux: there, what the parent had before it started this process counts as well."""
    try:
        with open("/proc/self/status") as status:
            kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    except OSError:
        import resource

        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    reply(peakRssMb=kilobytes / 1024)


def reply(**fields):
    answers.write(json.dumps(fields) + "\n")


def answer_until(kind=None):
    """Answers questions until one of this kind comes, which is returned. Ends the process when standard input does."""
    for line in iter(sys.stdin.readline, ""):
        command = json.loads(line)
        if command["do"] == kind:
            return command
        answer[command["do"]](command)
    os._exit(0)


answer = {f.__name__: f for f in (steps, epoch, plan, predict, loss, gemm, versions, memory)}
answer_until()
