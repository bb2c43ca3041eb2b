"""Sequences of different lengths, packed, through an encoder, attention and a decoder."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

PAD, SOS, EOS = 0, 1, 2


class Encoder(nn.Module):
    def __init__(self, vocab, emb_dim=12, hidden=10, dropout=0.0):
        super().__init__()
        self.embedding = nn.Embedding(vocab, emb_dim, padding_idx=PAD)
        self.rnn = nn.GRU(emb_dim, hidden, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, src, src_len):
        embedded = self.dropout(self.embedding(src))
        packed = pack_padded_sequence(embedded, src_len, batch_first=True, enforce_sorted=False)
        outputs, hidden = self.rnn(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True)
        hidden = torch.tanh(self.fc(torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1)))
        return outputs, hidden


class Attention(nn.Module):
    def __init__(self, hidden=10):
        super().__init__()
        self.attn = nn.Linear(3 * hidden, hidden)
        self.v = nn.Parameter(torch.rand(hidden))

    def forward(self, hidden, encoder_outputs, mask):
        src_len = encoder_outputs.shape[1]
        hidden = hidden.unsqueeze(1).repeat(1, src_len, 1)
        energy = torch.tanh(self.attn(torch.cat((hidden, encoder_outputs), dim=2)))
        attention = energy.matmul(self.v)
        attention = attention.masked_fill(~mask, -1e10)
        return F.softmax(attention, dim=1)


class Decoder(nn.Module):
    def __init__(self, vocab, attention, emb_dim=12, hidden=10):
        super().__init__()
        self.vocab = vocab
        self.attention = attention
        self.embedding = nn.Embedding(vocab, emb_dim, padding_idx=PAD)
        self.cell = nn.LSTMCell(emb_dim + 2 * hidden, hidden)
        self.fc_out = nn.Linear(emb_dim + 3 * hidden, vocab)

    def forward(self, token, state, encoder_outputs, mask):
        embedded = self.embedding(token)
        a = self.attention(state[0], encoder_outputs, mask).unsqueeze(1)
        weighted = torch.bmm(a, encoder_outputs).squeeze(1)
        h, c = self.cell(torch.cat((embedded, weighted), dim=1), state)
        prediction = self.fc_out(torch.cat((h, weighted, embedded), dim=1))
        return prediction, (h, c), a.squeeze(1)


class Seq2Seq(nn.Module):
    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def forward(self, src, src_len, trg, teacher_forcing=0.5):
        batch_size, trg_len = trg.shape
        outputs = torch.zeros(trg_len, batch_size, self.decoder.vocab, device=src.device)
        encoder_outputs, hidden = self.encoder(src, src_len)
        mask = src[:, : encoder_outputs.size(1)] != PAD
        state = (hidden, torch.zeros_like(hidden))
        token = trg[:, 0]
        for t in range(1, trg_len):
            prediction, state, _ = self.decoder(token, state, encoder_outputs, mask)
            outputs[t] = prediction
            top1 = prediction.argmax(1)
            token = trg[:, t] if t % 2 < 2 * teacher_forcing else top1
        return outputs.permute(1, 0, 2)


def init_weights(m):
    for name, param in m.named_parameters():
        if "weight" in name:
            nn.init.normal_(param.data, mean=0, std=0.1)
        elif "bias" in name:
            nn.init.constant_(param.data, 0)


def build(vocab=17):
    model = Seq2Seq(Encoder(vocab), Decoder(vocab, Attention()))
    model.apply(init_weights)
    return model


def data(n=24, longest=7):
    torch.manual_seed(1)
    lengths = torch.randint(2, longest + 1, (n,))
    sources = [torch.randint(3, 17, (int(k),)) for k in lengths]
    targets = [torch.cat([torch.tensor([SOS]), s.flip(0), torch.tensor([EOS])]) for s in sources]
    return sources, targets


def collate(batch):
    sources, targets = zip(*batch)
    lengths = torch.tensor([len(s) for s in sources])
    return (
        pad_sequence(sources, batch_first=True, padding_value=PAD),
        lengths,
        pad_sequence(targets, batch_first=True, padding_value=PAD),
    )


class Pairs(Dataset):
    def __init__(self, sources, targets):
        self.sources, self.targets = sources, targets

    def __len__(self):
        return len(self.sources)

    def __getitem__(self, i):
        return self.sources[i], self.targets[i]


def train(model, sources, targets, steps=15):
    loader = DataLoader(Pairs(sources, targets), batch_size=8, collate_fn=collate)
    criterion = nn.CrossEntropyLoss(ignore_index=PAD)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=2)
    history, done = [], 0
    while done < steps:
        for src, src_len, trg in loader:
            optimizer.zero_grad()
            output = model(src, src_len, trg)
            output = output[:, 1:].reshape(-1, output.shape[-1])
            loss = criterion(output, trg[:, 1:].reshape(-1))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step(loss.item())
            history.append((loss.item(), optimizer.param_groups[0]["lr"]))
            done += 1
            if done == steps:
                break
    model.eval()
    with torch.no_grad():
        src, src_len, trg = collate(list(zip(sources, targets))[:8])
        logits = model(src, src_len, trg, 0.0)
        values, tokens = logits.max(2)
        right = ((tokens == trg) & (trg != PAD)).sum().item() / (trg != PAD).sum().item()
    return history, {"values": values, "tokens": tokens, "right": torch.tensor(right)}


if __name__ == "__main__":
    torch.manual_seed(0)
    losses, results = train(build(), *data())
    print(f"loss {losses[0][0]:.4f} -> {losses[-1][0]:.4f}")
